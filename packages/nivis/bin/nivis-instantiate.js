#!/usr/bin/env node
/** `nivis-instantiate`: starts the built command; in a checkout that was never built, builds it first. */
import { ensureBuilt } from "./ensure-built.js";

ensureBuilt("instantiate");
await import(new URL("../dist/instantiate.js", import.meta.url).href);
