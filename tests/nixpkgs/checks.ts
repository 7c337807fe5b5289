/**
 * Real code: expressions over the user's nixpkgs trees, which must give exactly the answers of C++
 * Nix. Variables name the trees, which are not part of this repository.
 */

/** An expression over a tree. */
export interface NixpkgsCheck {
  readonly name: string;
  /** The variable that names the tree, nixpkgs 19.09 or 26.11. */
  readonly variable: "NIVIS_NIXPKGS_1909" | "NIVIS_NIXPKGS_2611";
  /** The expression for a tree at a path. */
  expression(tree: string): string;
  /** The answer, if 2.8 is too old to give it. */
  readonly expected?: string;
}

const configuration = '{ system = "x86_64-linux"; config = { }; overlays = [ ]; }';

/** A package of a tree; `impure.nix` is the entry point after the check of Nix's version. */
function drvPath(variable: NixpkgsCheck["variable"], attribute: string): NixpkgsCheck {
  return {
    name: `${variable.slice(-4, -2)}.${variable.slice(-2)} ${attribute}`,
    variable,
    expression: (tree) =>
      `(import ${tree}/pkgs/top-level/impure.nix ${configuration}).${attribute}.drvPath`,
  };
}

/** All checks, fastest first. */
export const checks: readonly NixpkgsCheck[] = [
  ...["hello", "python3Packages.numpy", "firefox", "gnome3.gnome-shell", "linux"].map((name) =>
    drvPath("NIVIS_NIXPKGS_1909", name),
  ),
  ...["hello", "git", "python3", "nodejs", "gcc"].map((name) =>
    drvPath("NIVIS_NIXPKGS_2611", name),
  ),
  {
    name: "19.09 NixOS system",
    variable: "NIVIS_NIXPKGS_1909",
    expression: (tree) => `
      (import ${tree}/nixos/lib/eval-config.nix {
        system = "x86_64-linux";
        modules = [
          {
            boot.loader.grub.device = "/dev/sda";
            fileSystems."/" = { device = "/dev/sda1"; fsType = "ext4"; };
            services.openssh.enable = true;
            users.users.alice = { isNormalUser = true; extraGroups = [ "wheel" ]; };
          }
        ];
      }).config.system.build.toplevel.drvPath`,
  },
  {
    name: "26.11 lib/tests/misc.nix",
    variable: "NIVIS_NIXPKGS_2611",
    expression: (tree) => `import ${tree}/lib/tests/misc.nix`,
    expected: "[ ]\n",
  },
];
