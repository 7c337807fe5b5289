[ http://example.org/a?b=c&d=%20 x:x mailto:someone@example.org a+b.c-d:~'! file:///etc/passwd ]
