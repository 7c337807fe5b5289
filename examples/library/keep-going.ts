/** All packages of a set, of which some fail. */
import { createNix } from "nivis";

const session = createNix({ limits: { steps: 100_000 } });
const set = session.open(`let
  package = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; };
in {
  a = package "a-1.0";
  b = throw "b is broken";
  c = let f = n: f (n + 1); in f 0;
  more = { recurseForDerivations = true; d = package "d-2.0"; };
}`);
for await (const job of session.jobs(set)) {
  const path = job.path.join(".");
  if (job.error === undefined) console.log(path, job.name, job.drvPath.endsWith(".drv"));
  else console.log(path, job.error.code);
}
// a a-1.0 true
// b throw
// c limit-exceeded
// more.d d-2.0 true
