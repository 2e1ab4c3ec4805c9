#include "dataplane/route/dependents.h"

#include <algorithm>
#include <utility>

namespace sallyport {

void Dependents::add(User user, std::vector<std::string> things) {
  std::sort(things.begin(), things.end());
  things.erase(std::unique(things.begin(), things.end()), things.end());
  for (const std::string& thing : things) users_[thing].insert(user);
  things_[user] = std::move(things);
}

void Dependents::remove(User user) {
  auto found = things_.find(user);
  if (found == things_.end()) return;
  for (const std::string& thing : found->second) {
    auto users = users_.find(thing);
    users->second.erase(user);
    if (users->second.empty()) users_.erase(users);
  }
  things_.erase(found);
}

void Dependents::rename(User from, User to) {
  if (from == to) return;
  auto found = things_.find(from);
  if (found == things_.end()) return;
  std::vector<std::string> things = std::move(found->second);
  for (const std::string& thing : things) {
    std::unordered_set<User>& users = users_[thing];
    users.erase(from);
    users.insert(to);
  }
  things_.erase(found);
  things_[to] = std::move(things);
}

void Dependents::collect(const std::string& thing, std::set<User>& users) const {
  auto found = users_.find(thing);
  if (found != users_.end()) users.insert(found->second.begin(), found->second.end());
}

void Dependents::clear() {
  things_.clear();
  users_.clear();
}

}  // namespace sallyport
