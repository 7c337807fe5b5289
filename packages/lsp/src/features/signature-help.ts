/** Signature help: the parameters of the function that is being called. */
import { NodeKind } from "@nivis/syntax";
import type {
  SignatureHelp,
  SignatureHelpParams,
  SignatureInformation,
} from "vscode-languageserver";
import { callAt, functionsOf, type KnownFunction } from "../analysis/calls.ts";
import { calleeName } from "../analysis/origins.ts";
import { aboutDocument, type Feature } from "../feature.ts";

/** `textDocument/signatureHelp` */
export const signatureHelpFeature: Feature = {
  method: "textDocument/signatureHelp",
  title: "Signature help",
  does: "the arguments of builtins and functions, with the required and the optional names of a pattern",
  peers: { nil: "none", nixd: "none" },
  test: "signature-help.test.ts",
  capabilities: () => ({ signatureHelpProvider: { triggerCharacters: [" ", "{", ","] } }),
  empty: null,
  run: aboutDocument(
    async (
      snapshot,
      { position }: SignatureHelpParams,
      bench,
      token,
    ): Promise<SignatureHelp | null> => {
      const call = callAt(snapshot, snapshot.offset(position));
      if (call === undefined) return null;
      const functions = await functionsOf(snapshot, call, bench.files);
      if (functions.length === 0 && call.callee.kind !== NodeKind.Lambda) {
        const value = await bench.evaluations.describe(snapshot, call.callee, [], token);
        if (value?.formals !== undefined) {
          const shown = value.formals.map((one) => (one.optional ? `${one.name} ?` : one.name));
          functions.push({
            name: calleeName(call.callee) ?? "function",
            doc: undefined,
            parameters: [{ label: `{ ${shown.join(", ")} }`, formals: value.formals }],
            argument: call.argument,
          });
        }
      }
      const signatures = functions
        .filter(({ parameters, argument }) => argument < parameters.length)
        .map(signatureOf);
      const [first] = functions;
      if (signatures.length === 0 || first === undefined) return null;
      return { signatures, activeSignature: 0, activeParameter: first.argument };
    },
  ),
};

function signatureOf({ name, parameters, doc }: KnownFunction): SignatureInformation {
  let label = name;
  const places: [number, number][] = [];
  for (const parameter of parameters) {
    label += " ";
    places.push([label.length, label.length + parameter.label.length]);
    label += parameter.label;
  }
  return {
    label,
    parameters: places.map((place) => ({ label: place })),
    ...(doc === undefined ? {} : { documentation: { kind: "markdown", value: doc } }),
  };
}
