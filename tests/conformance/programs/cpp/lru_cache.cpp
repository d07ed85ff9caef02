#include <iostream>
#include <list>
#include <string>
#include <unordered_map>

template <class K, class V>
class Lru {
    size_t room;
    std::list<std::pair<K, V>> items;
    std::unordered_map<K, typename std::list<std::pair<K, V>>::iterator> at;

public:
    explicit Lru(size_t room) : room(room) {}
    const V* get(const K& key) {
        auto found = at.find(key);
        if (found == at.end()) return nullptr;
        items.splice(items.begin(), items, found->second);
        return &found->second->second;
    }
    void put(const K& key, V value) {
        if (get(key)) {
            items.front().second = std::move(value);
            return;
        }
        items.emplace_front(key, std::move(value));
        at[key] = items.begin();
        if (items.size() > room) {
            at.erase(items.back().first);
            items.pop_back();
        }
    }
};

int main() {
    Lru<std::string, int> cache(2);
    std::string op, key;
    while (std::cin >> op >> key) {
        int v;
        if (op == "put" && std::cin >> v)
            cache.put(key, v);
        else if (auto* found = cache.get(key))
            std::cout << key << '=' << *found << '\n';
        else
            std::cout << key << " miss\n";
    }
}
