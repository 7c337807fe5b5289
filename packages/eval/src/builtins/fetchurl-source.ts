/**
 * `<nix/fetchurl.nix>`, the fetcher with which package sets bootstrap; `core-files.ts` gives it a
 * path.
 */

/**
 * A function from a URL and a hash, in any of the forms that were added over time, to a derivation.
 * Its formals, the attributes of the derivation and the lines that messages show are those of C++
 * Nix.
 */
export const FETCHURL_NIX = `{
  system ? "", # obsolete
  url,
  hash ? "", # an SRI hash

  # Hashes in base 16, base 32 or base 64, one field for each algorithm.
  md5 ? "",
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",
  outputHash ?
    if hash != "" then
      hash
    else
      # The first that is given; sha256 is last and may be empty.
      builtins.head (builtins.filter (given: given != "") [
        sha512
        sha1
        md5
      ] ++ [ sha256 ]),

  outputHashAlgo ?
    if hash != "" then
      ""
    else if sha512 != "" then
      "sha512"
    else
      # An SRI hash names its own algorithm; these are weaker ones,
      # kept for old package sets.
      if sha1 != "" then "sha1"
      else if md5 != "" then "md5"
      else "sha256",

  executable ? false,
  unpack ? false,
  name ? baseNameOf (toString url),
  impure ? false,
}:

derivation (
  {
    builder = "builtin:fetchurl";

    # New-style output content requirements.
    outputHashMode = if unpack || executable then "recursive" else "flat";

    inherit
      name
      url
      executable
      unpack
      ;

    system = "builtin";

    # Fetching twice, here and on a remote machine, helps nobody.
    preferLocalBuild = true;

    # The builder is part of Nix; these are here because they always were.
    impureEnvVars = [
      "http_proxy"
      "https_proxy"
      "ftp_proxy"
      "all_proxy"
      "no_proxy"
    ];

    # nix-prefetch-url looks at this list.
    urls = [ url ];
  }
  // (if impure then { __impure = true; } else { inherit outputHashAlgo outputHash; })
)
`;
