rec {
  fail = message: throw "bad: ${message}";
  check = x: if x == 1 then fail "one" else x;
}
