/** Functions of JavaScript as functions of Nix. */
import { createNix, hostFunction, NixThrow } from "nivis";

const secrets = new Map([["token", "s3cret"]]);
const session = createNix({
  builtins: {
    secret: (name: string) => {
      const value = secrets.get(name);
      if (value === undefined) throw new NixThrow(`there is no secret '${name}'`);
      return value;
    },
  },
  scope: {
    greet: hostFunction({
      name: "greet",
      formals: { name: false, loud: true },
      run: ({ name, loud }: { name: string; loud?: boolean }) =>
        loud === true ? `HELLO, ${name.toUpperCase()}` : `Hello, ${name}`,
    }),
  },
});
console.log(session.evaluate('builtins.secret "token"')); // s3cret
console.log(session.evaluate('(builtins.tryEval (builtins.secret "x")).success')); // false
console.log(session.evaluate('map greet [ { name = "Ada"; } { name = "Bob"; loud = true; } ]')); // [ 'Hello, Ada', 'HELLO, BOB' ]
