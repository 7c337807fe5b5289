[ (1 |> (x: x + 1) |> (x: x * 10)) ((x: x + 1) <| (x: x * 10) <| 4) ([ 3 1 2 ] |> builtins.sort builtins.lessThan |> builtins.head) ]
