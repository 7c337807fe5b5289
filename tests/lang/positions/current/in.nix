let p = __curPos; in [ (baseNameOf p.file) p.line p.column ]
