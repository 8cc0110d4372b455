@main
enum LedgerClusterHelper {
    static func main() {}
}
