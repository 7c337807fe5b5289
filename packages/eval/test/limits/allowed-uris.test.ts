/** Which URIs the entries of `allowed-uris` let pass. */
import { describe, expect, test } from "vitest";
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
  ["/srv/sources", "/srv/sources/", true],
  ["/srv/sources", "/srv", false],
  ["/srv/sources", "http://example.org/srv/sources", false],
  ["file:///srv/sources", "file:///srv/sources/a/", true],
  ["file:///srv/sources", "file:///srv/sources-2", false],
  ["file:///srv/sources", "file:///srv", false],
  ["file:///srv/sources", "/srv/sources", false],
  ["file:///srv/sources", "http:///srv/sources", false],
  // What follows a scheme may be anything, also no authority.
  ["github:", "github:", true],
  ["github:", "github:NixOS/nix?ref=refs/heads/main", true],
  ["github:", "github://NixOS/nix", true],
  ["github:", "github", false],
  ["github:", "https://github:443/NixOS/nix", false],
  ["github:", "file:///github:NixOS/nix", false],
  ["github:NixOS", "github:NixOS/nix", true],
  ["github:NixOS", "github://NixOS/nix", false],
  ["http://", "http:example", false],
  ["https:", "http://example.org/https:", false],
  // A colon that ends no scheme is a character like others.
  ["https://example.org/a:", "https://example.org/a:", true],
  ["https://example.org/a:", "https://example.org/a:/b", true],
  ["https://example.org/a:", "https://example.org/a:b", false],
])("the entry '%s'", (entry, uri, expected) => {
  test(`${expected ? "allows" : "does not allow"} '${uri}'`, () => {
    expect(isAllowedUri(uri, [entry])).toBe(expected);
  });
});

test("one entry of several is enough, none allows nothing", () => {
  expect(isAllowedUri("https://b.org/x", ["https://a.org", "https://b.org"])).toBe(true);
  expect(isAllowedUri("https://b.org/x", [])).toBe(false);
});
