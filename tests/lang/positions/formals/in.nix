let args = builtins.functionArgs ({ a, b ? 1 }: a); p = builtins.unsafeGetAttrPos "b" args; in [ p.line p.column args ]
