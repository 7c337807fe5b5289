[ (true && false) (true || (throw "no")) (false && (throw "no")) (false -> (throw "no")) (true -> false) (!true) (!false && true) (true || false && false) (false -> false -> false) ]
