[ "a\nb" "\${x}" ''
  indented
'' http://example.org ./relative ]
