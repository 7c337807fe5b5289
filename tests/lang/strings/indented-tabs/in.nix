# A tab is content, not indentation.
''
	tab
    blanks
	  both
''
