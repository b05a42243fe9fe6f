Start >= {from} AND Start < {to}
