''
    a
  
      b
        
    c
   ''
