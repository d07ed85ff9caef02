long long area(long long a, long long b);
