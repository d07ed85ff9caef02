const std = @import("std");

fn copy(file: std.fs.File) !void {
    const out = std.io.getStdOut();
    var block: [65536]u8 = undefined;
    while (true) {
        const n = try file.read(&block);
        if (n == 0) return;
        try out.writeAll(block[0..n]);
    }
}

pub fn main() !u8 {
    const allocator = std.heap.page_allocator;
    const args = try std.process.argsAlloc(allocator);
    const out = std.io.getStdOut().writer();
    const mode = if (args.len > 1) args[1] else "hello";
    if (std.mem.eql(u8, mode, "hello")) {
        try out.print("Hello, world!\n", .{});
    } else if (std.mem.eql(u8, mode, "echo")) {
        try copy(std.io.getStdIn());
    } else if (std.mem.eql(u8, mode, "args")) {
        for (args[2..]) |word| try out.print("{s}\n", .{word});
    } else if (std.mem.eql(u8, mode, "exit")) {
        return 7;
    } else if (std.mem.eql(u8, mode, "crash")) {
        @panic("on purpose");
    } else if (std.mem.eql(u8, mode, "spin")) {
        var i: u32 = 0;
        const p: *volatile u32 = &i;
        while (true) p.* +%= 1;
    } else if (std.mem.eql(u8, mode, "fill")) {
        while (true) @memset(try allocator.alloc(u8, 1 << 20), 1);
    } else if (std.mem.eql(u8, mode, "read")) {
        try copy(try std.fs.cwd().openFile(args[2], .{}));
    }
    return 0;
}
