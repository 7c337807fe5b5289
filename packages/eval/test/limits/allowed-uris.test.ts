/** Which URIs the entries of `allowed-uris` let pass. */
import { describe, expect, it } from "vitest";
import { isAllowedUri } from "../../src/limits/allowed-uris.ts";

describe.each([
  ["https://github.com", "https://github.com", true],
  ["https://github.com", "https://github.com/NixOS/nix", true],
  ["https://github.com/", "https://github.com/NixOS/nix", true],
  ["https://github.com/NixOS", "https://github.com/NixOS/nix", true],
  ["https://github.com/NixOS", "https://github.com/NixOS2/nix", false],
  ["https://github.co", "https://github.com", false],
  ["https://github.com/NixOS/nix", "https://github.com/NixOS", false],
  ["https:", "https://example.org/a", true],
  ["https:", "http://example.org/a", false],
  ["https://", "https://example.org/a", true],
  ["git+ssh:", "git+ssh://git@example.org/a", true],
  ["http", "https://example.org", false],
  ["3d:", "3d:thing", false],
  ["", "https://example.org", false],
  ["", "", true],
  ["/srv/sources", "/srv/sources/a", true],
  ["/srv/sources", "/srv/sources-2", false],
])("the entry '%s'", (entry, uri, expected) => {
  it(`${expected ? "allows" : "does not allow"} '${uri}'`, () => {
    expect(isAllowedUri(uri, [entry])).toBe(expected);
  });
});

it("one entry of several is enough, none allows nothing", () => {
  expect(isAllowedUri("https://b.org/x", ["https://a.org", "https://b.org"])).toBe(true);
  expect(isAllowedUri("https://b.org/x", [])).toBe(false);
});
