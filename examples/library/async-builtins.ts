/** Functions that return promises, in a program that knows nothing of them. */
import { setTimeout as sleep } from "node:timers/promises";
import { createNix, NixError } from "nivis";

const session = createNix({
  builtins: {
    download: async (url: string) => {
      await sleep(10);
      return JSON.stringify({ url, stars: 7 });
    },
  },
});
const program =
  'map (n: builtins.fromJSON (builtins.download "https://example.org/${n}")) [ "a" "b" ]';
console.log(await session.evaluateAsync(program, { attr: "1.stars" })); // 7
try {
  session.evaluate(program);
} catch (error) {
  if (error instanceof NixError) console.log(error.kind); // would-wait
}
