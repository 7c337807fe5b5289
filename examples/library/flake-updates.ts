/** What an update bot needs: the inputs of a flake in any spelling, and edits of nothing else. */
import { formatFlakeRef, parseFlakeRef } from "nivis/flake-refs";
import { EditableNix } from "nivis/syntax";

const text = `{
  # url = "github:NixOS/nixpkgs/nixos-25.05"; was too old
  inputs = { nixpkgs = { url = "github:NixOS/nixpkgs/nixos-26.05"; }; };
  outputs = { self, nixpkgs }: { };
}
`;
const flake = new EditableNix(text);
for (const { name, url } of flake.flakeInputs) {
  if (url === undefined) continue;
  const { attrs } = parseFlakeRef(url);
  if (attrs["ref"] !== "nixos-26.05") continue;
  flake.setInputUrl(name, formatFlakeRef({ ...attrs, ref: "nixos-26.11" }));
}
for (const edit of flake.edits) console.log(text.slice(edit.start, edit.end), "->", edit.text);
// 05 -> 11
