{ greeting }:
"${greting}, world"
