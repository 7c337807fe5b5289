# CR and CR LF in a string become a line feed.
[ "ab" "a
b" "a\b" "a\rb" ]
