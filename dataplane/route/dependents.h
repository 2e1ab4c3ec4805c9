// Who was made from what, so that a change of the one finds the others.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sallyport {

/// Users are known by their address, things by a name of their own: see the functions below.
class Dependents {
 public:
  using User = const void*;

  /// REQUIRES: `user` is not there.
  void add(User user, std::vector<std::string> things);
  void remove(User user);
  /// What was made from the one is from now on made for the other.
  void rename(User from, User to);
  /// The users of `thing`.
  void collect(const std::string& thing, std::set<User>& users) const;
  void clear();

 private:
  std::unordered_map<User, std::vector<std::string>> things_;
  // Of one secret or service there may be as many users as there are sites.
  std::unordered_map<std::string, std::unordered_set<User>> users_;
};

inline std::string secret_thing(const std::string& name) { return "secret " + name; }
inline std::string service_thing(const std::string& name) { return "service " + name; }
inline std::string host_thing(const std::string& name) { return "host " + name; }

}  // namespace sallyport
