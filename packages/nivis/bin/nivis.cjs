#!/usr/bin/env node
/** `nivis`: hands over to the build. CommonJS, because Node starts that sooner than a module. */
require("./start.cjs").start("nivis");
