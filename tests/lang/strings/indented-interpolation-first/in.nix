# An interpolation at the start of a line ends the count of its indentation.
let x = "X"; in ''
      deep
    ${x} less
        ${x}
''
