#include <array>
#include <cstdio>
#include <cstdint>
#include <vector>

int main() {
    std::array<uint32_t, 256> table;
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t c = i;
        for (int k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    std::vector<unsigned char> data(1 << 20);
    data.resize(std::fread(data.data(), 1, data.size(), stdin));
    uint32_t crc = ~0u;
    for (unsigned char b : data) crc = table[(crc ^ b) & 255] ^ crc >> 8;
    std::printf("%zu %08x\n", data.size(), ~crc);
}
