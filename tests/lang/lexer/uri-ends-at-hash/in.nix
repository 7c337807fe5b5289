[ http://example.org/#fragment
]
