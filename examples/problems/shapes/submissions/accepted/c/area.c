#include "area.h"
long long area(long long a, long long b) { return a * b; }
