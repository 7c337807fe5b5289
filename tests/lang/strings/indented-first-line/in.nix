''    first
    second
  third''
