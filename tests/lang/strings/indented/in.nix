[
  ''
    one
      two

    three
  ''
  ''single line''
  ''  leading blanks count''
  ''
    no newline at the end''
  ''''
  ''
  ''
]
