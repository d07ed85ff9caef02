SELECT rtrim(CAST(readfile('{path}') AS TEXT), char(10));
