[
  (let a = 1; in a)
  (let inherit ({ a = 1; }) a; in a)
  (let { body = 1; })
]
