#include <cstdio>
#include <map>
#include <memory>

struct Node {
    std::map<char, std::unique_ptr<Node>> next;
    int words = 0, ends = 0;
};

int main() {
    Node root;
    char command, word[32];
    while (std::scanf(" %c %31s", &command, word) == 2) {
        Node* at = &root;
        for (char* p = word; *p && at; ++p) {
            if (command == '+') {
                auto& child = at->next[*p];
                if (!child) child = std::make_unique<Node>();
                at = child.get();
                ++at->words;
            } else {
                auto found = at->next.find(*p);
                at = found == at->next.end() ? nullptr : found->second.get();
            }
        }
        if (command == '+')
            ++at->ends;
        else
            std::printf("%s %d %d\n", word, at ? at->words : 0, at ? at->ends : 0);
    }
}
