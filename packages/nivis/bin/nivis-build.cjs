#!/usr/bin/env node
/** `nivis-build`: hands over to the build, and makes it first in a checkout that was never built. */
const { existsSync } = require("node:fs");

const launcher = `${__dirname}/../dist/launch.cjs`;
if (!existsSync(launcher)) require("./build.cjs").build(launcher);
require(launcher).launch("nivis-build");
