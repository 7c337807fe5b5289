map baseNameOf [ "/a/b" "/a/b/" "a" "" "/" "a//" "//" /x/y /. "a/b.c" ]
