#!/usr/bin/env bash
# isomorphic-git 1.44.19 in a linked work tree (`git worktree add`), whose `.git` is a file and whose
# branches, tags, settings and objects lie in the repository that it was made from.
#
# The library follows the file to the work tree's own directory, but not the file `commondir` in there.
# Only some calls say that something is missing: `resolveRef` and `log` raise NotFoundError. The others
# describe a repository that has no commits: `statusMatrix` and `status` report every committed,
# unchanged file as newly added, and the lists of branches and tags are empty. A tool that asks
# "is this tree dirty, and at which revision?" (as a fetcher of flakes does) gets a wrong answer
# rather than an error.
#
# Needs git (seen with 2.39.5) and Node 20.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME=$work GIT_CONFIG_NOSYSTEM=1
git init -q -b main repository
echo text > repository/file
git -C repository add file
git -C repository -c user.name=Somebody -c user.email=somebody@example.org commit -q -m first
git -C repository tag v1
git -C repository worktree add -q ../linked 2> /dev/null
[ -z "$(git -C linked status --porcelain)" ] # git: nothing is changed

echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund isomorphic-git@1.44.19
cat > ask.js <<'JS'
import fs from "node:fs";
import git from "isomorphic-git";

for (const dir of ["repository", "linked"]) {
  console.log(dir);
  console.log(" status", JSON.stringify(await git.statusMatrix({ fs, dir })), await git.status({ fs, dir, filepath: "file" }));
  console.log(" tags", JSON.stringify(await git.listTags({ fs, dir })));
  console.log(" head", await git.resolveRef({ fs, dir, ref: "HEAD" }).then(() => "found", (error) => error.code));
}
JS
node ask.js > seen
cat > expected <<'TEXT'
repository
 status [["file",1,1,1]] unmodified
 tags ["v1"]
 head found
linked
 status [["file",0,2,2]] added
 tags []
 head NotFoundError
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
