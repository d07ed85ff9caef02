// id = "compile-bomb-errors"
// title = "make the compiler print more errors than anybody can keep"
// guarantee = "output"
// layers = ["agent"]
// source = ["known: compile bombs"]
// stage = "compile"
// needs = ["rss"]
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
#include <map>
#include <string>
#include <vector>
#define E(n) template <class T> struct S##n { typename T::missing_##n value; }; S##n<std::map<std::string, std::vector<std::map<std::string, std::string>>>> s##n;
#define E10(n) E(n##0) E(n##1) E(n##2) E(n##3) E(n##4) E(n##5) E(n##6) E(n##7) E(n##8) E(n##9)
#define E100(n) E10(n##0) E10(n##1) E10(n##2) E10(n##3) E10(n##4) E10(n##5) E10(n##6) E10(n##7) E10(n##8) E10(n##9)
#define E1000(n) E100(n##0) E100(n##1) E100(n##2) E100(n##3) E100(n##4) E100(n##5) E100(n##6) E100(n##7) E100(n##8) E100(n##9)
E1000(1) E1000(2) E1000(3)
int main() { return 0; }
