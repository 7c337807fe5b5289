/** The public names of `@nivis/formats`: Nix's byte formats, from bytes to bytes. */
export { compareBytes, sortedBytes } from "./byte-order.ts";
export { byteStringToBytes, bytesOf, bytesToByteString } from "./codec/bytes.ts";
export { formatF6, formatG6 } from "./codec/float.ts";
export {
  escapeJsonString,
  formatJsonFloat,
  type JsonVisitor,
  normalizeJson,
  parseJson,
} from "./codec/json.ts";
export { jsonObject, jsonStrings } from "./codec/json-text.ts";
export { TextBuilder } from "./codec/text-builder.ts";
export { parseToml, type TomlTable, type TomlValue } from "./codec/toml.ts";
export {
  type Bytes,
  decodeUtf8,
  encodeUtf8,
  findUtf8Error,
  isBytes,
  isUtf8,
  type Utf8Error,
} from "./codec/utf8.ts";
export {
  DEFAULT_LIMITS,
  type Decoding,
  decodeWhole,
  type InputLimits,
  WireInput,
} from "./codec/wire-input.ts";
export { WireOutput } from "./codec/wire-output.ts";
export { escapeXmlAttribute, formatXmlAttribute, XmlWriter } from "./codec/xml.ts";
export {
  type ContentAddress,
  type ContentAddressMethod,
  type FileIngestionMethod,
  formatContentAddress,
  formatMethodAlgorithm,
  methodPrefix,
  parseContentAddress,
  parseContentAddressMethod,
  parseFileIngestionMethod,
  splitMethodPrefix,
} from "./content-address.ts";
export {
  ATermWriter,
  type DerivationParseOptions,
  formatDerivation,
  formatInputDrvs,
  parseDerivation,
  quoteATermString,
} from "./derivation/aterm.ts";
export {
  checkEnvironment,
  type Derivation,
  type DerivationInput,
  type DerivationOutput,
  type DerivationType,
  derivationType,
  hasDynamicInputs,
  isOnlyOut,
  KnownInput,
  outputPath,
  STRUCTURED_ATTRS_VARIABLE,
} from "./derivation/derivation.ts";
export {
  type DerivationCache,
  type FinishedDerivation,
  finishDerivation,
  type HashModulo,
  type HashModuloContext,
  hashModulo,
  type KnownDerivation,
  knownOf,
} from "./derivation/hash-modulo.ts";
export { DERIVATION_JSON_VERSION, formatDerivationJson } from "./derivation/json.ts";
export { parseDerivationJson } from "./derivation/parse-json.ts";
export {
  type DerivedPath,
  formatDerivedPath,
  formatSingleDerivedPath,
  parseDerivedPath,
  parseSingleDerivedPath,
  rootOfDerivedPath,
  type SingleDerivedPath,
} from "./derived-path.ts";
export type { FormatFeature, RequireFeature } from "./experimental-feature.ts";
export {
  type FetcherInput,
  type FlakeRef,
  type FlakeRefOptions,
  type FlakeRefWithFragment,
  flakeRefAttrs,
  flakeRefFromAttrs,
  flakeRefFromUrl,
  formatFlakeRef,
  type InputScheme,
  inputFromAttrs,
  inputFromUrl,
  inputSchemeNamed,
  inputToUrl,
  narHashOf,
  parseFlakeIdRef,
  parseFlakeRef,
  parseFlakeRefWithFragment,
  parseUrlFlakeRef,
  revOf,
  splitPathRef,
} from "./fetch/flake-ref.ts";
export { isLegalRefName } from "./fetch/git-ref-name.ts";
export { fixGitUrl } from "./fetch/git-url.ts";
export {
  canonicalFlakeRef,
  describeInput,
  equalFlakeRefs,
  equalInputAttrs,
  isDirectInput,
  isFinalInput,
  isLockedInput,
  type LockPolicy,
  lockFileAttrs,
  matchesInput,
  overrideInput,
  relativeInputPath,
  withInputAttrs,
} from "./fetch/input.ts";
export {
  boolAttr,
  type InputAttr,
  type InputAttrs,
  inputAttrsToJson,
  stringAttr,
  tryStringAttr,
} from "./fetch/input-attrs.ts";
export {
  type ErrorNote,
  HASH_MISMATCH_EXIT_CODE,
  InputError,
  type TextPlace,
  withNote,
  withNoteAdded,
} from "./fetch/input-error.ts";
export {
  formatUrl,
  parseUrl,
  pathOfUrl,
  percentDecode,
  percentEncode,
  splitUrlScheme,
  type Url,
  urlPathOf,
} from "./fetch/url.ts";
export { EMPTY_AUTHORITY, type UrlAuthority } from "./fetch/url-authority.ts";
export { FormatError, type FormatErrorKind } from "./format-error.ts";
export {
  digestLength,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  type HashFunctions,
  type IncrementalHash,
  parseHashAlgorithm,
  portableHashes,
  tryParseHashAlgorithm,
} from "./hash/algorithms.ts";
export { decodeBase16, encodeBase16 } from "./hash/base16.ts";
export { decodeBase64, encodeBase64 } from "./hash/base64.ts";
export {
  compressDigest,
  equalHashes,
  formatHash,
  type HashFormat,
  type NixHash,
  parseBareHash,
  parseHash,
  parseHashAllowEmpty,
  parseHashAndFormat,
  parseHashFormat,
  parseHashIn,
  parsePrefixedHash,
  parseSriHash,
  tryParseHashFormat,
} from "./hash/nix-hash.ts";
export { decodeNixBase32, encodeNixBase32 } from "./hash/nixbase32.ts";
export {
  type DownstreamPlaceholder,
  makeContentAddressedPath,
  makeFixedOutputPath,
  makeOutputPath,
  makeSourcePath,
  makeStorePath,
  makeTextPath,
  outputPathName,
  outputPlaceholder,
  type StoreConfig,
  type StoreReferences,
  unknownDerivationPlaceholder,
  unknownOutputPlaceholder,
} from "./make-store-path.ts";
export {
  type Color,
  colored,
  coloredText,
  type MarkedText,
  marked,
  plainText,
  startOf,
  Uncolored,
  uncolored,
} from "./marked-text.ts";
export { formatNarListing, formatNarListingFile, listNar, type NarListing } from "./nar/listing.ts";
export { type NarVisitor, parseNar, readNar } from "./nar/reader.ts";
export { type NarEvent, NarStream } from "./nar/stream.ts";
export {
  hashNar,
  NAR_MAGIC,
  NAR_MAX_DEPTH,
  type NarDigest,
  type NarFileType,
  type NarSink,
  type NarSource,
  type NarStat,
  type NarTree,
  narBytes,
  narTreeSource,
  writeNar,
} from "./nar/writer.ts";
export { formatNarInfo, type NarInfo, parseNarInfo } from "./narinfo.ts";
export { type PathInfo, pathFingerprint, type UnkeyedPathInfo } from "./path-info.ts";
export {
  formatPathInfoJson,
  formatPathInfosJson,
  type PathInfoForJson,
  type PathInfoJsonFormat,
} from "./path-info-json.ts";
export {
  SERVE_COMMANDS,
  type ServeBuildOptions,
  type ServeCommand,
  type ServeCommandName,
  serveHandshake,
} from "./serve-protocol.ts";
export {
  canonPath,
  checkStorePathBaseName,
  checkStorePathName,
  DEFAULT_STORE_DIR,
  DIGEST_PART_LENGTH,
  DRV_EXTENSION,
  derivationNameOfPath,
  digestPart,
  isDerivationPath,
  isInStore,
  isStorePath,
  namePart,
  parseCanonicalStorePath,
  parseStorePath,
  printStorePath,
  type StorePathAndRest,
  splitStorePath,
  storePathBaseName,
  tryParseStorePath,
} from "./store-path.ts";
export { compareVersions, type DrvName, parseDrvName, splitVersion } from "./version.ts";
export { FRAME_SIZE, FrameReader, FrameWriter, frameHeader } from "./worker-protocol/frames.ts";
export {
  CLIENT_FEATURES,
  type ClientHandshake,
  clientHandshake,
  type DaemonFacts,
  type HandshakeOptions,
  NEWEST_MINOR,
  serverHandshake,
} from "./worker-protocol/handshake.ts";
export {
  ACTIVITY_TYPES,
  type ActivityField,
  type ActivityResult,
  type ActivityStart,
  RESULT_TYPES,
  type RemoteError,
  type ServerMessage,
  serverMessage,
  VERBOSITIES,
} from "./worker-protocol/messages.ts";
export {
  type AnyOperation,
  type ClientOptions,
  OLDEST_MINOR,
  OPERATION_NAMES,
  OPERATIONS,
  type Operation,
  type OperationName,
  type OperationReply,
  type OperationRequest,
  operationName,
  type Payload,
} from "./worker-protocol/operations.ts";
export {
  type BasicDerivation,
  BUILD_MODES,
  BUILD_STATUSES,
  type BuildMode,
  type BuildResult,
  type BuildStatus,
  basicDerivationOf,
  type DrvOutput,
  GC_ACTIONS,
  type GcAction,
  type GcPaths,
  isBuildSuccess,
  type KeyedBuildResult,
  pathInfo,
  type Realisation,
  type SubstitutableInfo,
  type UnkeyedRealisation,
} from "./worker-protocol/types.ts";
export type {
  Agreement,
  AnyWire,
  ProtocolFeature,
  Wire,
  WireShape,
  WireValue,
} from "./worker-protocol/wire.ts";
