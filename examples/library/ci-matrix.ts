/** The matrix of a CI job from a flake, without installing Nix. */
import { fileURLToPath } from "node:url";
import { evaluateFlake } from "nivis";

const flake = fileURLToPath(new URL("./flake", import.meta.url));
const matrix = evaluateFlake(`${flake}#githubActions.matrix`);
console.log(JSON.stringify(matrix)); // {"include":[{"os":"ubuntu-latest"},{"os":"macos-latest"}]}
