/**
 * Emacs with Eglot as a client, without a screen, with the settings of docs/editors.md. Skipped, aloud, where
 * there is no Emacs with Eglot.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, findProgram } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

const emacs = findProgram("emacs");
const hasEglot =
  emacs !== undefined &&
  spawnSync(emacs, ["--batch", "--eval", "(progn (package-initialize) (require 'eglot))"])
    .status === 0;
let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "nivis-emacs-")));
  if (!hasEglot) process.stderr.write("no Emacs with Eglot: the test with Emacs is skipped\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The settings in docs/editors.md, with the built command. */
function documentedSettings(): string {
  const text = readFileSync(join(root, "docs/editors.md"), "utf8");
  const lisp = text.split("```elisp\n")[1]?.split("```")[0] ?? "";
  expect(lisp).toContain('("nivis" "lsp")');
  const command = `("${process.execPath}" "${builtCommand("nivis")}" "lsp")`;
  return lisp.replace('("nivis" "lsp")', command.slice(1, -1).replace(/^/, "(").concat(")"));
}

/** A mode like those that people install, the settings, and a session that uses what Eglot offers. */
const SESSION = `
(setq eglot-sync-connect 60 eglot-connect-timeout 60 make-backup-files nil)
(find-file "x.nix")
(nix-mode)
(apply #'eglot--connect (eglot--guess-contact))
(defun wait-for (condition)
  (let ((end (+ (float-time) 60)))
    (while (and (not (funcall condition)) (< (float-time) end))
      (accept-process-output nil 0.1))))
(flymake-start)
(wait-for (lambda () (flymake-diagnostics)))
(setq out (list))
(defun note (name value) (push (cons name value) out))
(note 'diagnostics (vconcat (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))
(goto-char (point-min)) (search-forward "let a") (backward-char)
(note 'hover (plist-get (plist-get (jsonrpc-request (eglot--current-server-or-lose)
  :textDocument/hover (eglot--TextDocumentPositionParams)) :contents) :value))
(goto-char (point-min)) (search-forward "builtins.") 
(note 'completion (vconcat (seq-take (all-completions "leng" (nth 2 (eglot-completion-at-point))) 3)))
(goto-char (point-max)) (search-backward "a + ")
(note 'definition (xref-location-group (xref-item-location (car (xref-backend-definitions 'eglot "a")))))
(eglot-rename "renamed")
(note 'renamed (buffer-string))
(eglot-format-buffer)
(note 'formatted (buffer-string))
(set-buffer-modified-p nil)
(princ (json-encode out))
(eglot-shutdown (eglot--current-server-or-lose))
`;

test.skipIf(!hasEglot)("diagnostics, hover, completion, definition, rename, format", () => {
  writeFileSync(
    join(folder, "x.nix"),
    "let a = 1; unused = 2; n = builtins.length [ ];\nin   a + n\n",
  );
  writeFileSync(
    join(folder, "session.el"),
    `(package-initialize)\n(require 'eglot)\n(require 'flymake)\n(require 'json)\n(define-derived-mode nix-mode prog-mode "Nix")\n${documentedSettings()}\n${SESSION}`,
  );
  const { status, stdout, stderr } = spawnSync(
    emacs as string,
    ["--batch", "-l", join(folder, "session.el")],
    {
      cwd: folder,
      encoding: "utf8",
      timeout: 120_000,
      env: { ...process.env, HOME: folder, NIX_PATH: "", NIVIS_NO_CACHE: "1" },
    },
  );
  expect(status, stderr).toBe(0);
  const out = JSON.parse(stdout.slice(stdout.indexOf("{"))) as Record<string, unknown>;
  expect(out["diagnostics"]).toEqual([
    expect.stringContaining("variable 'unused' is declared, but never used"),
  ]);
  expect(out["hover"]).toContain("1");
  expect(out["completion"]).toEqual(["length"]);
  expect(out["definition"]).toContain("x.nix");
  expect(out["renamed"]).toContain("let renamed = 1;");
  expect(out["renamed"]).toContain("in   renamed + n");
  expect(out["formatted"]).toBe(
    "let\n  renamed = 1;\n  unused = 2;\n  n = builtins.length [ ];\nin\nrenamed + n\n",
  );
});
