#include <bitset>
#include <iostream>
#include <string>
#include <vector>

std::vector<std::string> board(9);
std::bitset<9> rows[9], cols[9], boxes[9];

bool solve() {
    int best = 10, br = -1, bc = -1;
    std::bitset<9> choice;
    for (int r = 0; r < 9; ++r)
        for (int c = 0; c < 9; ++c)
            if (board[r][c] == '.') {
                auto free = ~(rows[r] | cols[c] | boxes[r / 3 * 3 + c / 3]);
                if (static_cast<int>(free.count()) < best) best = free.count(), br = r, bc = c, choice = free;
            }
    if (br < 0) return true;
    for (int d = 0; d < 9; ++d) {
        if (!choice[d]) continue;
        auto flip = [&] { rows[br].flip(d), cols[bc].flip(d), boxes[br / 3 * 3 + bc / 3].flip(d); };
        flip();
        board[br][bc] = '1' + d;
        if (solve()) return true;
        flip();
    }
    board[br][bc] = '.';
    return false;
}

int main() {
    for (int r = 0; r < 9; ++r) {
        std::cin >> board[r];
        for (int c = 0; c < 9; ++c)
            if (board[r][c] != '.') rows[r].set(board[r][c] - '1'), cols[c].set(board[r][c] - '1'), boxes[r / 3 * 3 + c / 3].set(board[r][c] - '1');
    }
    std::cout << std::boolalpha << solve() << '\n';
    for (auto& row : board) std::cout << row << '\n';
}
