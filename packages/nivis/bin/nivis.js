#!/usr/bin/env node
/** `nivis`: starts the built command; in a checkout that was never built, builds it first. */
import { ensureBuilt } from "./ensure-built.js";

ensureBuilt("cli");
await import(new URL("../dist/cli.js", import.meta.url).href);
