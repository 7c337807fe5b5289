{
  /**
    Doubles a number.
  */
  double = x: x * 2;
  answer = 42;
}
