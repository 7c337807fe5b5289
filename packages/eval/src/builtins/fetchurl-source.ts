/** `<nix/fetchurl.nix>`, the fetcher with which package sets bootstrap; it is in the tree of `core-files.ts`. */

/**
 * A function from a URL and a hash, in any of the ways that grew over time, to a derivation. Messages
 * and `unsafeGetAttrPos` show where the arguments are, so they are at the same places as in C++ Nix.
 */
export const FETCHURL_NIX = `{
  system ? "", # accepted for the sake of old callers; builders of this kind run anywhere
  url,
  hash ? "", # in a form that names its algorithm
  #
  # The forms that came before; of several the strongest counts, but sha256 comes last.
  md5 ? "",
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",
  outputHash ?
    if hash != "" then hash
    else if sha512 != "" then sha512
    else if sha1 != "" then sha1
    else if md5 != "" then md5
    else sha256,
  #
  # The algorithm of that hash. A hash that names its own needs none. Whoever gives outputHash gives
  # this too, for it is chosen by the same arguments and not by what the hash looks like; and where
  # none of them is given it is the one that all others gave way to.
  #
  outputHashAlgo ?
    if hash != "" then ""
    else if sha512 != "" then "sha512"
    else if sha1 != "" then "sha1"
    else if md5 != "" then "md5"
    else "sha256",
  #
  # What is fetched is one file, which may be made executable, or an archive, which is unpacked
  # to a file tree. The name is that of the store path. An impure fetch has no hash: what it gives
  # is hashed when it is there, and fetched again by everybody who asks.
  #
  #
  executable ? false,
  unpack ? false,
  name ? baseNameOf (toString url),
  impure ? false,
}:
let
  content = if impure then { __impure = true; } else { inherit outputHash outputHashAlgo; };
in
derivation ({
  inherit name url executable unpack;
  urls = [ url ];
  builder = "builtin:fetchurl";
  system = "builtin";
  outputHashMode = if executable || unpack then "recursive" else "flat";
  preferLocalBuild = true;
  impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
} // content)
`;
