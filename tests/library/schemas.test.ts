/** Results are checked by the schemas of zod, valibot and arktype, and have their types. */
import { type } from "arktype";
import { evaluate, NixSchemaError } from "nivis";
import * as v from "valibot";
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";

const GOOD = '{ port = 80; tags = [ "a" ]; }';
const BAD = '{\n  port = 80;\n  tags = [ "a" 1 ];\n}';

interface Config {
  port: number;
  tags: string[];
}

/** The places that an evaluation with a schema complains about. */
function complaints(run: () => unknown): unknown[] {
  try {
    run();
  } catch (error) {
    if (error instanceof NixSchemaError) {
      return error.issues.map(({ path, position }) => [path, position?.line]);
    }
    throw error;
  }
  return [];
}

test("zod", () => {
  const schema = z.object({ port: z.number(), tags: z.array(z.string()) });
  const config = evaluate(GOOD, { schema });
  expectTypeOf(config).toEqualTypeOf<Config>();
  expect(config).toEqual({ port: 80, tags: ["a"] });
  expect(complaints(() => evaluate(BAD, { schema }))).toEqual([[["tags", 1], 3]]);
});

test("valibot", () => {
  const schema = v.object({ port: v.number(), tags: v.array(v.string()) });
  const config = evaluate(GOOD, { schema });
  expectTypeOf(config).toEqualTypeOf<Config>();
  expect(config.tags).toEqual(["a"]);
  expect(complaints(() => evaluate(BAD, { schema }))).toEqual([[["tags", 1], 3]]);
});

test("arktype", () => {
  const schema = type({ port: "number", tags: "string[]" });
  const config = evaluate(GOOD, { schema });
  expectTypeOf(config).toEqualTypeOf<Config>();
  expect(config.port).toBe(80);
  expect(complaints(() => evaluate(BAD, { schema }))).toEqual([[["tags", 1], 3]]);
});
