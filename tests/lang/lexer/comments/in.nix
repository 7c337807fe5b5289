/* a */ /**/ /***/ /* nested /* does not count */ [ 1 # to the end of the line
  /** doc */ 2 /* between
  lines */ 3 ]
