/** `<nix/fetchurl.nix>`, the fetcher with which package sets bootstrap; `core-files.ts` gives it a path. */

/** A function from a URL and a hash, in any of the ways that grew over time, to a derivation. */
export const FETCHURL_NIX = `let
  # The first that is given counts; sha256 is last and may be empty.
  chosen = { hash, sha512, sha1, md5, sha256 }:
    if hash != "" then { algo = ""; value = hash; }
    else if sha512 != "" then { algo = "sha512"; value = sha512; }
    else if sha1 != "" then { algo = "sha1"; value = sha1; }
    else if md5 != "" then { algo = "md5"; value = md5; }
    else { algo = "sha256"; value = sha256; };
in
{ url
, hash ? ""
, sha512 ? "", sha1 ? "", md5 ? "", sha256 ? ""
, outputHash ? (chosen { inherit hash sha512 sha1 md5 sha256; }).value
, outputHashAlgo ? (chosen { inherit hash sha512 sha1 md5 sha256; }).algo
, name ? baseNameOf (toString url)
, executable ? false, unpack ? false
, impure ? false
, system ? ""
}:
let
  content = if impure then { __impure = true; } else { inherit outputHash outputHashAlgo; };
in derivation ({
  inherit name url executable unpack;
  urls = [ url ];
  builder = "builtin:fetchurl";
  system = "builtin";
  outputHashMode = if executable || unpack then "recursive" else "flat";
  preferLocalBuild = true;
  impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
} // content)
`;
