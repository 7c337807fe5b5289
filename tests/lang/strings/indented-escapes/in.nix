let x = "X"; in ''
  dollar: ''${x} ${x} $x $$ $${x}
  quotes: ''' ' ''\'
  control: ''\n''\t|''\r
  backslash: \n \t \\
''
