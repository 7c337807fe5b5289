let x = { outPath = "P"; }; in [ ''${x}'' ''  ${x}'' ''${x}
'' ]
