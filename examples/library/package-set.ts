/** A package set, of which only what is shown is evaluated. */
import { createNix } from "nivis";

const session = createNix({
  files: {
    "/pkgs/default.nix": `{ }: {
      /** Prints a friendly greeting. */
      hello = { name = "hello-2.12"; meta.license = "GPL-3.0"; build = throw "not needed"; };
      broken = throw "this one does not evaluate";
      mkTool = { name, version ? "1.0", ... }: { inherit name version; };
    }`,
  },
});
const pkgs = session.openFile("/pkgs").call({});
console.log(pkgs.keys()); // [ 'broken', 'hello', 'mkTool' ]
console.log(pkgs.get("hello", "meta", "license").toData()); // GPL-3.0
console.log(pkgs.get("hello").doc?.trim(), pkgs.get("broken").isForced); // Prints a friendly greeting. false
console.log(pkgs.get("mkTool").function?.formals); // { name: false, version: true }
console.log(pkgs.get("mkTool").force().position?.line); // 5
