/** The settings of fetchers, by the names that `nix.conf` has for them. */

/** See the head of this file. */
export interface FetchSettings {
  /** `access-tokens`: tokens by host, or by host and beginning of the path. */
  readonly accessTokens: ReadonlyMap<string, string>;
  /** `allow-dirty` */
  readonly allowDirty: boolean;
  /** `warn-dirty` */
  readonly warnDirty: boolean;
  /** `trust-tarballs-from-git-forges` */
  readonly trustForges: boolean;
  /** `tarball-ttl`, in seconds: how long a download is used without asking the server. */
  readonly tarballTtl: number;
  /** `filetransfer-retry-attempts` */
  readonly attempts: number;
  /** `filetransfer-retry-delay`, in milliseconds: before the second attempt. */
  readonly retryDelay: number;
  /** `user-agent-suffix` */
  readonly userAgentSuffix: string;
  /** The text of the file that `netrc-file` names. */
  readonly netrc: string;
  /** How many bytes an archive may have unpacked. */
  readonly maxUnpackedSize: number;
  /** `_NIX_FORCE_HTTP`: treats local Git repositories like remote ones. */
  readonly forceHttp: boolean;
}

/** The settings of C++ Nix where nobody says otherwise. */
export const DEFAULT_FETCH_SETTINGS: FetchSettings = {
  accessTokens: new Map(),
  allowDirty: true,
  warnDirty: true,
  trustForges: true,
  tarballTtl: 3600,
  attempts: 5,
  retryDelay: 100,
  userAgentSuffix: "",
  netrc: "",
  maxUnpackedSize: 2 ** 36,
  forceHttp: false,
};
