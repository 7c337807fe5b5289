[ ("a" + "b") (1 + 2) (1 + 2.5) ({ outPath = "o"; } + "x") ("x" + { outPath = "o"; }) ({ outPath = "o"; } + { outPath = "p"; }) ]
