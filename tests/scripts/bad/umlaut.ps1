# a comment
'Grüße'
