/** The authority of a URL, apart from url.ts, which programs load when they meet a URL. */

/** The authority of a URL: `user:password@host:port`. All parts are decoded. */
export interface UrlAuthority {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  /** Written in brackets. */
  readonly isIpv6: boolean;
  readonly port: number | undefined;
}

/** The empty authority, as in `scheme:///path`. */
export const EMPTY_AUTHORITY: UrlAuthority = {
  user: undefined,
  password: undefined,
  host: "",
  isIpv6: false,
  port: undefined,
};
